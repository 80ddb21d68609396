from django.urls import path

from aesthetics.api import views

app_name = "api-aesthetics"
urlpatterns = [
    path("templates/", views.Templates.as_view(), name="templates"),
    path("procedures/", views.Procedures.as_view(), name="procedures"),
    path("procedures/<uuid:code>/", views.ProcedureDetail.as_view(), name="procedure"),
    path("procedures/<uuid:code>/date/", views.ProcedureDate.as_view(), name="date"),
    path("procedures/<uuid:code>/aftercare/", views.Aftercare.as_view(), name="aftercare"),
    path("procedures/<uuid:code>/complete/", views.Completion.as_view(), name="complete"),
]
