from django.urls import path

from services.equipment.web import damage, views

app_name = "equipment"
urlpatterns = [
    path("", views.register, name="register"),
    path("new/", views.new, name="new"),
    path("devices/<uuid:code>/", views.device, name="device"),
    path("devices/<uuid:code>/treatments/", views.link, name="link"),
    path("devices/<uuid:code>/maintain/", views.maintain, name="maintain"),
    path("devices/<uuid:code>/maintained/", views.maintained, name="maintained"),
    path("devices/<uuid:code>/fault/", views.fault, name="fault"),
    path("devices/<uuid:code>/back/", views.back, name="back"),
    path("faults/<uuid:code>/close/", views.close, name="close"),
    path("damage/", damage.reports, name="damage"),
    path("damage/new/", damage.new, name="damage-new"),
    path("damage/<uuid:code>/", damage.report, name="damage-report"),
    path("damage/<uuid:code>/opinion/", damage.opinion, name="opinion"),
    path("damage/<uuid:code>/decision/", damage.decision, name="decision"),
    path("damage/<uuid:code>/executed/", damage.executed, name="executed"),
]
