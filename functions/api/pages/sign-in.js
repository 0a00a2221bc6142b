// Exchanges the ticket in the fragment for a session, or keeps what signing in elsewhere has given. The session itself is in a cookie that no
// script can read; the proof is kept for this origin, because browsers send cookies to every port of this machine.
const said = document.getElementById("said");
const keep = (proof) => localStorage.setItem("ticketsmith-proof", proof);

async function exchange(ticket) {
  const answer = await fetch("auth/ticket", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket, carrier: "cookie" }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  keep(body.proof);
  return `You are signed in as ${body.name}.`;
}

const proof = document.body.dataset.proof;
const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
// Nobody finds the ticket in the history.
history.replaceState(null, "", location.pathname);
if (proof) {
  keep(proof);
} else if (ticket) {
  exchange(ticket).then(
    (text) => { said.textContent = text; },
    (error) => { said.textContent = `Signing in failed: ${error.message}`; },
  );
} else {
  said.textContent = "This page signs in by a link; `ticketsmith auth link` prints one.";
}
