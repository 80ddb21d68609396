from django.urls import path

from escort.api import views

app_name = "api-escort"
urlpatterns = [
    path("orders/", views.Orders.as_view(), name="orders"),
    path("orders/<uuid:code>/", views.OrderDetail.as_view(), name="order"),
    path("orders/<uuid:code>/forward/", views.OrderForward.as_view(), name="forward"),
    path("orders/<uuid:code>/step/", views.OrderStep.as_view(), name="step"),
    path("orders/<uuid:code>/agreement/", views.AgreementDraft.as_view(), name="agreement"),
    path("orders/<uuid:code>/agreement/sign/", views.AgreementSignature.as_view(), name="sign"),
    path("orders/<uuid:code>/offers/", views.OrderOffers.as_view(), name="order-offers"),
    path("orders/<uuid:code>/preparation/", views.Preparation.as_view(), name="preparation"),
    path("orders/<uuid:code>/milestones/", views.Milestones.as_view(), name="milestones"),
    path("orders/<uuid:code>/report/", views.Report.as_view(), name="report"),
    path("companions/", views.Companions.as_view(), name="companions"),
    path("hospitals/", views.Hospitals.as_view(), name="hospitals"),
    path("offers/", views.MyOffers.as_view(), name="offers"),
    path("cards/", views.MyCards.as_view(), name="cards"),
    path("offers/<uuid:code>/accept/", views.AcceptOffer.as_view(), name="accept"),
    path("offers/<uuid:code>/decline/", views.DeclineOffer.as_view(), name="decline"),
]
