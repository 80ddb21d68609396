from django.urls import path

from services.outage.web import entering, numbers, views

urlpatterns = [
    path("", views.today, name="today"),
    path("<uuid:code>/close/", views.close, name="close"),
    path("<uuid:code>/enter/", entering.enter, name="enter"),
    path("sheet/", views.sheet, name="sheet"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/<uuid:code>/", numbers.number, name="number"),
    path("numbers/<uuid:code>/charge/<uuid:slip>/", numbers.charge, name="charge"),
    path("numbers/<uuid:code>/void/", numbers.void, name="void"),
    path("numbers/<uuid:code>/written/", numbers.written, name="written"),
]
