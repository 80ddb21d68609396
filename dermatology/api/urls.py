from django.urls import path

from dermatology.api import views, watching

app_name = "api-dermatology"
urlpatterns = [
    path("plans/", views.Plans.as_view(), name="plans"),
    path("plans/<uuid:code>/", views.PlanDetail.as_view(), name="plan"),
    path("plans/<uuid:code>/class/", views.PlanClass.as_view(), name="class"),
    path("plans/<uuid:code>/end/", views.PlanEnd.as_view(), name="end"),
    path("plans/<uuid:code>/visits/", views.PlanVisits.as_view(), name="visits"),
    path("changes/", watching.Changes.as_view(), name="changes"),
    path("changes/<uuid:code>/doctor/", watching.Contact.as_view(), name="change-doctor"),
    path("changes/<uuid:code>/transfer/", watching.Transfer.as_view(), name="change-transfer"),
    path("changes/<uuid:code>/settle/", watching.Settle.as_view(), name="change-settle"),
    path("visits/<uuid:code>/changes/", watching.ReportChange.as_view(), name="changes-of"),
]
