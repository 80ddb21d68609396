from django.urls import path

from dermatology.api import views

app_name = "api-dermatology"
urlpatterns = [
    path("plans/", views.Plans.as_view(), name="plans"),
    path("plans/<uuid:code>/", views.PlanDetail.as_view(), name="plan"),
    path("plans/<uuid:code>/class/", views.PlanClass.as_view(), name="class"),
    path("plans/<uuid:code>/end/", views.PlanEnd.as_view(), name="end"),
    path("plans/<uuid:code>/visits/", views.PlanVisits.as_view(), name="visits"),
]
