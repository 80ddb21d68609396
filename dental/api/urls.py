from django.urls import path

from dental.api import views

app_name = "api-dental"
urlpatterns = [
    path("patients/<uuid:code>/teeth/", views.Teeth.as_view(), name="teeth"),
    path("patients/<uuid:code>/warranty/", views.WarrantyCheck.as_view(), name="warranty"),
    path("treatments/<uuid:code>/redo/", views.Redo.as_view(), name="redo"),
]
