from django.urls import path

from services.records.web import views

urlpatterns = [
    path("patients/<uuid:code>/", views.chart, name="chart"),
    path("treatments/<uuid:code>/void/", views.void, name="void"),
]
