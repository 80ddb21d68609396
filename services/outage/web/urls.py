from django.urls import path

from services.outage.web import views

urlpatterns = [
    path("", views.today, name="today"),
    path("<uuid:code>/close/", views.close, name="close"),
    path("sheet/", views.sheet, name="sheet"),
    path("numbers/", views.numbers, name="numbers"),
    path("numbers/<uuid:code>/written/", views.written, name="written"),
]
