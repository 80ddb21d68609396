from django.urls import path

from services.staff.api import views

urlpatterns = [
    path("", views.StaffListView.as_view(), name="list"),
    path("duty/", views.DutyView.as_view(), name="duty"),
    path("shifts/", views.ShiftListView.as_view(), name="shifts"),
    path("shifts/<uuid:code>/", views.ShiftDetailView.as_view(), name="shift-detail"),
    path("<uuid:code>/", views.StaffDetailView.as_view(), name="detail"),
]
