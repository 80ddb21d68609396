import "./app.css";
import "./js/htmx.js";
import "./js/alpine.js";
import { startBoard } from "./js/board.js";
import { startDrafts } from "./js/drafts.js";
import { startForms } from "./js/forms.js";
import { startKeys } from "./js/keys.js";
import { startLive } from "./js/live.js";
import { startMatrix } from "./js/matrix.js";
import { startOverlays } from "./js/overlays.js";
import { startPalette } from "./js/palette.js";
import { startPolling } from "./js/poll.js";
import { startScanner } from "./js/scan.js";
import { startSignatures } from "./js/signature.js";
import { startToasts } from "./js/toasts.js";

startLive();
startOverlays();
startForms();
startDrafts();
startToasts();
startKeys();
startPalette();
startScanner();
startPolling();
startBoard();
startMatrix();
startSignatures();

