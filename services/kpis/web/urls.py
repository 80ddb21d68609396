from django.urls import path

from services.kpis.web import views

app_name = "kpis"
urlpatterns = [path("", views.figures, name="figures"), path("<slug:key>/", views.days, name="days")]
