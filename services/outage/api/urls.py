from django.urls import path

from services.outage.api import views

urlpatterns = [
    path("windows/", views.Windows.as_view(), name="windows"),
    path("windows/<uuid:code>/close/", views.CloseWindow.as_view(), name="window-close"),
    path("windows/<uuid:code>/visits/", views.PaperVisits.as_view(), name="window-visits"),
    path("blocks/", views.Blocks.as_view(), name="blocks"),
    path("numbers/", views.Numbers.as_view(), name="numbers"),
    path("numbers/<uuid:code>/written/", views.Written.as_view(), name="number-written"),
    path("numbers/<uuid:code>/receipt/", views.Entered.as_view(), name="number-receipt"),
    path("numbers/<uuid:code>/void/", views.Void.as_view(), name="number-void"),
    path("desks/", views.SheetDesks.as_view(), name="desks"),
    path("desks/<uuid:code>/withdraw/", views.WithdrawDesk.as_view(), name="desk-withdraw"),
    path("sheet/", views.Sheet.as_view(), name="sheet"),
]
