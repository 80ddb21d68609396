from django.urls import path

from services.treatment_area.web import acts, assistants, views

urlpatterns = [
    path("", views.board, name="board"),
    path("patrols/", acts.patrol, name="patrol"),
    path("notes/", views.notes, name="notes"),
    path("notes/<uuid:code>/", views.note, name="note"),
    path("notes/<uuid:code>/reply/", acts.reply, name="reply"),
    path("notes/<uuid:code>/withdraw/", acts.withdraw_note, name="withdraw-note"),
    path("concerns/", views.concerns, name="concerns"),
    path("concerns/report/", acts.report, name="report"),
    path("concerns/<uuid:code>/", views.concern, name="concern"),
    path("concerns/<uuid:code>/resolve/", acts.resolve, name="resolve"),
    path("assistants/", assistants.today_page, name="assistants"),
    path("assistants/<str:day>/", assistants.day_page, name="assistants-of"),
    path("sheet/", views.sheet, name="sheet"),
    path("sheet/<str:day>/", views.sheet_of, name="sheet-of"),
    path("sheet/<str:day>/hand-in/", acts.hand_in, name="hand-in"),
    path("relatives/<uuid:code>/out/", acts.relative_out, name="relative-out"),
    path("priorities/<uuid:code>/accompany/", acts.accompany, name="accompany"),
    path("priorities/<uuid:code>/end/", acts.end_priority, name="end-priority"),
    path("visits/<uuid:code>/", views.visit, name="visit"),
    path("visits/<uuid:code>/relatives/", acts.admit, name="admit"),
    path("visits/<uuid:code>/relatives/refuse/", acts.refuse, name="refuse"),
    path("visits/<uuid:code>/medical-need/", acts.medical_need, name="medical-need"),
    path("visits/<uuid:code>/take-over/", acts.take_over, name="take-over"),
    path("visits/<uuid:code>/feedback/", acts.feedback, name="feedback"),
    path("visits/<uuid:code>/notes/", acts.send_note, name="send-note"),
    path("visits/<uuid:code>/priority/", acts.flag, name="flag"),
]
