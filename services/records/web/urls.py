from django.urls import path

from services.records.web import keeping, views

urlpatterns = [
    path("patients/<uuid:code>/", views.chart, name="chart"),
    path("review/", keeping.worklist, name="worklist"),
    path("review/<uuid:code>/", keeping.review, name="review"),
    path("review/<uuid:code>/accept/", keeping.accept, name="review-accept"),
    path("review/<uuid:code>/return/", keeping.give_back, name="review-return"),
    path("review/<uuid:code>/again/", keeping.again, name="review-again"),
    path("late/", keeping.late, name="late"),
    path("retention/", keeping.retained, name="retention"),
    path("figures/", keeping.figures, name="figures"),
    path("treatments/<uuid:code>/void/", views.void, name="void"),
]
