from django.urls import path

from services.importing.web import views

urlpatterns = [
    path("", views.batches, name="list"),
    path("new/", views.upload, name="new"),
    path("template/", views.template, name="template"),
    path("<uuid:code>/", views.batch, name="batch"),
    path("<uuid:code>/report/", views.report, name="report"),
    path("<uuid:code>/start/", views.start, name="start"),
    path("<uuid:code>/undo/", views.undo, name="undo"),
    path("<uuid:code>/give-up/", views.give_up, name="give-up"),
    path("<uuid:code>/decide/", views.decide_all, name="decide-all"),
    path("rows/<uuid:code>/decide/", views.decide, name="decide"),
]
