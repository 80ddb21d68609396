from django.urls import path

from services.consultation.api import views

urlpatterns = [
    path("", views.Consultations.as_view(), name="consultations"),
    path("success/", views.SuccessRate.as_view(), name="success"),
    path("answers/", views.Answers.as_view(), name="answers"),
    path("questions/<uuid:code>/answer/", views.AnswerQuestion.as_view(), name="answer-question"),
    path("talks/", views.Talks.as_view(), name="talks"),
    path("talks/<uuid:code>/lead/", views.LeadTalk.as_view(), name="lead-talk"),
    path("talks/<uuid:code>/answer/", views.AnswerTalk.as_view(), name="answer-talk"),
    path("talks/<uuid:code>/told/", views.TalkTold.as_view(), name="talk-told"),
    path("<uuid:code>/", views.OneConsultation.as_view(), name="consultation"),
    path("<uuid:code>/start/", views.Start.as_view(), name="start"),
    path("<uuid:code>/left/", views.Left.as_view(), name="left"),
    path("<uuid:code>/notes/", views.Notes.as_view(), name="notes"),
    path("<uuid:code>/recommendations/", views.Recommendations.as_view(), name="recommendations"),
    path("<uuid:code>/questions/", views.Questions.as_view(), name="questions"),
    path("<uuid:code>/talks/", views.TalksOfOne.as_view(), name="talks-of-one"),
    path("<uuid:code>/understood/", views.Understood.as_view(), name="understood"),
    path("<uuid:code>/conclude/", views.Conclude.as_view(), name="conclude"),
    path("<uuid:code>/withdraw/", views.Withdraw.as_view(), name="withdraw"),
]
