from django.urls import path

from services.kpis.api import views

app_name = "api-kpis"
urlpatterns = [path("", views.Figures.as_view(), name="figures")]
