from django.urls import path

from services.rules.web import views

urlpatterns = [
    path("", views.rule_list, name="list"),
    path("<slug:key>/", views.rule_detail, name="detail"),
    path("<slug:key>/withdraw/", views.withdraw, name="withdraw"),
]
