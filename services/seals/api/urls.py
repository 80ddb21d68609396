from django.urls import path

from services.seals.api import views

app_name = "api-seals"
urlpatterns = [path("uses/", views.Uses.as_view(), name="uses")]
