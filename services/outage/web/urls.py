from django.urls import path

from services.outage.web import desks, entering, numbers, views

urlpatterns = [
    path("", views.today, name="today"),
    path("<uuid:code>/close/", views.close, name="close"),
    path("<uuid:code>/enter/", entering.enter, name="enter"),
    path("sheet/", views.sheet, name="sheet"),
    path("sheet.pdf", desks.pdf, name="sheet-pdf"),
    path("desks/", desks.sheet_desks, name="desks"),
    path("desks/<uuid:code>/withdraw/", desks.withdraw, name="withdraw"),
    path("kept/", desks.kept, name="kept"),
    path("worker.js", desks.worker, name="worker"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/<uuid:code>/", numbers.number, name="number"),
    path("numbers/<uuid:code>/charge/<uuid:slip>/", numbers.charge, name="charge"),
    path("numbers/<uuid:code>/void/", numbers.void, name="void"),
    path("numbers/<uuid:code>/written/", numbers.written, name="written"),
]
