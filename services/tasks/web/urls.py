from django.urls import path

from services.tasks.web import views

urlpatterns = [
    path("", views.my_day, name="my-day"),
    path("<uuid:code>/", views.task, name="task"),
    path("<uuid:code>/complete/", views.complete, name="complete"),
    path("<uuid:code>/take/", views.take, name="take"),
    path("<uuid:code>/hand-over/", views.hand_over, name="hand-over"),
    path("<uuid:code>/carry-over/", views.carry_over, name="carry-over"),
]
