from django.urls import path

from services.equipment.api import views

app_name = "api-equipment"
urlpatterns = [
    path("types/", views.Types.as_view(), name="types"),
    path("devices/", views.Devices.as_view(), name="devices"),
    path("devices/<uuid:code>/", views.OneDevice.as_view(), name="device"),
    path("devices/<uuid:code>/treatments/", views.Treatments.as_view(), name="treatments"),
    path("devices/<uuid:code>/maintain/", views.Maintain.as_view(), name="maintain"),
    path("devices/<uuid:code>/maintained/", views.Maintained.as_view(), name="maintained"),
    path("devices/<uuid:code>/faults/", views.ReportFault.as_view(), name="report-fault"),
    path("devices/<uuid:code>/back/", views.Back.as_view(), name="back"),
    path("faults/", views.Faults.as_view(), name="faults"),
    path("faults/<uuid:code>/close/", views.CloseFault.as_view(), name="close-fault"),
    path("damage/", views.Damage.as_view(), name="damage"),
    path("damage/<uuid:code>/", views.OneDamage.as_view(), name="one-damage"),
    path("damage/<uuid:code>/opinion/", views.Opinion.as_view(), name="opinion"),
    path("damage/<uuid:code>/decision/", views.Decision.as_view(), name="decision"),
    path("damage/<uuid:code>/executed/", views.Executed.as_view(), name="executed"),
]
