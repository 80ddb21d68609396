from django.urls import path

from services.telephone.web import content, courtesy, views, waiting

urlpatterns = [
    path("", views.calls, name="list"),
    path("new/", views.call_new, name="new"),
    path("caller/", views.caller, name="caller"),
    path("prompts/", views.prompts, name="prompts"),
    path("<uuid:code>/", views.call, name="call"),
    path("patients/<uuid:code>/", views.of_patient, name="of-patient"),
    path("messages/", waiting.messages, name="messages"),
    path("messages/new/", waiting.message_new, name="message-new"),
    path("messages/<uuid:code>/", waiting.message, name="message"),
    path("messages/<uuid:code>/deliver/", waiting.message_deliver, name="message-deliver"),
    path("messages/<uuid:code>/acknowledge/", waiting.message_acknowledge, name="message-acknowledge"),
    path("messages/<uuid:code>/close/", waiting.message_close, name="message-close"),
    path("promises/", waiting.promises, name="promises"),
    path("promises/new/", waiting.promise_new, name="promise-new"),
    path("promises/<uuid:code>/", waiting.promise, name="promise"),
    path("promises/<uuid:code>/answer/", waiting.promise_answer, name="promise-answer"),
    path("promises/<uuid:code>/told/", waiting.promise_told, name="promise-told"),
    path("courtesy/", courtesy.orders, name="courtesy"),
    path("courtesy/<uuid:code>/", courtesy.order, name="courtesy-order"),
    path("courtesy/calls/<uuid:code>/", courtesy.result, name="courtesy-result"),
    path("scripts/", content.script_list, name="scripts"),
    path("scripts/<uuid:code>/", content.script, name="script"),
    path("phrases/", content.phrases, name="phrases"),
    path("phrases/<uuid:code>/allow/", content.phrase_allow, name="phrase-allow"),
    path("numbers/", content.numbers, name="numbers"),
    path("numbers/<uuid:code>/lift/", content.number_lift, name="number-lift"),
]
