// Sends the answer to the application, which asked for it in a form.
document.forms[0].submit();
