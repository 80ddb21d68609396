from django.urls import path

from services.rules.api import published, views

urlpatterns = [
    path("", views.Rules.as_view(), name="list"),
    path("published/", published.Publications.as_view(), name="publications"),
    path("published/<uuid:code>/adopt/", published.Adopt.as_view(), name="adopt"),
    path("<slug:key>/", views.RuleDetail.as_view(), name="detail"),
    path("<slug:key>/values/", views.RuleValues.as_view(), name="values"),
    path("<slug:key>/withdraw/", views.RuleWithdraw.as_view(), name="withdraw"),
]
