from django.urls import path

from services.guest_care.api import views

urlpatterns = [
    path("luggage/", views.LuggageList.as_view(), name="luggage"),
    path("luggage/<uuid:code>/return/", views.LuggageReturned.as_view(), name="luggage-return"),
    path("price-enquiries/", views.PriceEnquiries.as_view(), name="price-enquiries"),
    path("advice/", views.AdviceSeekers.as_view(), name="advice"),
    path("advice/<uuid:code>/followed/", views.AdviceFollowed.as_view(), name="advice-followed"),
    path("opinions/", views.Opinions.as_view(), name="opinions"),
    path("opinions/<uuid:code>/acknowledge/", views.AcknowledgeOpinion.as_view(), name="acknowledge"),
    path("requests/", views.Requests.as_view(), name="requests"),
    path("requests/<uuid:code>/close/", views.CloseRequest.as_view(), name="close-request"),
    path("questions/", views.Questions.as_view(), name="questions"),
    path("questions/<uuid:code>/answer/", views.AnswerQuestion.as_view(), name="answer"),
    path("questions/<uuid:code>/told/", views.AnswerToldGuest.as_view(), name="told"),
    path("questions/<uuid:code>/carry-over/", views.CarryQuestion.as_view(), name="carry-over"),
    path("visits/<uuid:code>/passes/", views.PassGuest.as_view(), name="pass"),
    path("passes/<uuid:code>/take/", views.TakeGuest.as_view(), name="take"),
    path("visits/<uuid:code>/reminders/", views.SetReminder.as_view(), name="reminder"),
    path("reminders/<uuid:code>/done/", views.FinishReminder.as_view(), name="reminder-done"),
    path("visits/<uuid:code>/steps/", views.Steps.as_view(), name="steps"),
    path("visits/<uuid:code>/ticket/", views.GiveTicket.as_view(), name="give-ticket"),
    path("tickets/", views.Tickets.as_view(), name="tickets"),
    path("tickets/next/", views.CallNext.as_view(), name="call-next"),
    path("tickets/<uuid:code>/call/", views.CallTicket.as_view(), name="call"),
    path("tickets/<uuid:code>/skip/", views.SkipTicket.as_view(), name="skip"),
    path("faults/", views.Faults.as_view(), name="faults"),
    path("faults/<uuid:code>/repaired/", views.FaultRepaired.as_view(), name="repaired"),
]
