from django.urls import path

from services.seals.web import views

app_name = "seals"
urlpatterns = [path("", views.register, name="register")]
