from django.urls import path

from services.tasks.api import views

urlpatterns = [
    path("", views.Tasks.as_view(), name="tasks"),
    path("<uuid:code>/", views.OneTask.as_view(), name="task"),
    path("<uuid:code>/complete/", views.Complete.as_view(), name="complete"),
    path("<uuid:code>/take/", views.Take.as_view(), name="take"),
    path("<uuid:code>/hand-over/", views.HandOver.as_view(), name="hand-over"),
    path("<uuid:code>/carry-over/", views.CarryOver.as_view(), name="carry-over"),
]
