from django.urls import path

from services.telephone.api import views

urlpatterns = [
    path("calls/", views.Calls.as_view(), name="calls"),
    path("calls/<uuid:code>/", views.OneCall.as_view(), name="call"),
    path("messages/", views.Messages.as_view(), name="messages"),
    path("messages/<uuid:code>/", views.OneMessage.as_view(), name="message"),
    path("messages/<uuid:code>/deliver/", views.Deliver.as_view(), name="message-deliver"),
    path("messages/<uuid:code>/acknowledge/", views.Acknowledge.as_view(), name="message-acknowledge"),
    path("messages/<uuid:code>/close/", views.Close.as_view(), name="message-close"),
    path("promises/", views.Promises.as_view(), name="promises"),
    path("promises/<uuid:code>/", views.OnePromise.as_view(), name="promise"),
    path("promises/<uuid:code>/answer/", views.Answer.as_view(), name="promise-answer"),
    path("promises/<uuid:code>/told/", views.Told.as_view(), name="promise-told"),
]
