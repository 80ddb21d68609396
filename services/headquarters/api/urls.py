from django.urls import path

from services.headquarters.api import views

app_name = "api-headquarters"
urlpatterns = [
    path("matrix/", views.MatrixView.as_view(), name="matrix"),
    path("sites/<uuid:code>/figures/<slug:key>/days/", views.SiteDays.as_view(), name="days"),
]
