// Sends the form that waited for a confirmation; without this script, its button does.
document.getElementById("send_again_form").submit();
