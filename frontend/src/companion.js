import "./companion.css";
import "./js/htmx.js";
import "./js/alpine.js";
import { startDrafts } from "./js/drafts.js";
import { startForms } from "./js/forms.js";
import { startLive } from "./js/live.js";
import { startOffline } from "./js/offline.js";
import { startOverlays } from "./js/overlays.js";
import { startPolling } from "./js/poll.js";
import { startToasts } from "./js/toasts.js";

startLive();
startOverlays();
startForms();
startDrafts();
startToasts();
startPolling();
startOffline();
