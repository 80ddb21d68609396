from django.urls import path

from dental.web import views

app_name = "dental"
urlpatterns = [
    path("patients/<uuid:code>/", views.teeth, name="teeth"),
    path("treatments/<uuid:code>/redo/", views.redo, name="redo"),
]
