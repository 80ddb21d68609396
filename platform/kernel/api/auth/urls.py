from django.urls import path

from kernel.api.auth import views

urlpatterns = [
    path("token/", views.TokenView.as_view(), name="token"),
    # The same without the slash, for clients that were given it so; described once.
    path("token", views.TokenView.as_view(schema=None), name="token-without-slash"),
    path("tokens/", views.TokenListView.as_view(), name="tokens"),
    path("tokens/<uuid:code>/", views.TokenDetailView.as_view(), name="token-detail"),
    path("confirm/", views.ConfirmView.as_view(), name="confirm"),
    path("me/", views.MeView.as_view(), name="me"),
]
