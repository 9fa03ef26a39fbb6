'use strict';

// The mail, written as a template literal with inline styles, which is what
// mail clients want. Pictures and layout make it about as large as ours.

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => entities[c]);
}

function heading(data) {
  return data.groupDetails ? data.groupDetails.name : data.senderDetails.name;
}

function picture(data) {
  return data.groupDetails ? data.groupDetails.icon : data.senderDetails.avatar;
}

function count(data) {
  return data.messages.length === 1 ? '1 new message' : `${data.messages.length} new messages`;
}

function renderMessage({ sender, message }) {
  return `
          <tr>
            <td width="52" valign="top" style="padding: 16px 12px 16px 0; border-top: 1px solid #e5e7eb;">
              <img src="${escape(sender.avatar)}" alt="" width="40" height="40" style="display: block; width: 40px; height: 40px; border-radius: 20px;">
            </td>
            <td valign="top" style="padding: 16px 0; border-top: 1px solid #e5e7eb;">
              <p style="margin: 0; font-size: 14px; line-height: 20px; font-weight: bold; color: #111827;">${escape(sender.name)}</p>
              <p style="margin: 0; font-size: 16px; line-height: 24px; color: #374151; white-space: pre-wrap;">${escape(message)}</p>
            </td>
          </tr>`;
}

function renderHTML(to, data) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(data.subject)}</title>
  <style>
    @media (max-width: 480px) {
      .card { padding: 20px 16px !important; }
      .page { padding: 0 !important; }
    }
    @media (prefers-color-scheme: dark) {
      body, .page { background: #111827 !important; }
      .card { background: #1f2937 !important; }
      h1, p { color: #f9fafb !important; }
    }
  </style>
</head>
<body style="margin: 0; padding: 0; background: #f3f4f6; font-family: Arial, Helvetica, sans-serif;">
  <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
    <tr>
      <td class="page" align="center" style="padding: 24px 12px; background: #f3f4f6;">
        <table class="card" role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width: 100%; max-width: 600px; padding: 32px; background: #ffffff; border-radius: 12px;">
          <tr>
            <td width="52" valign="middle"><img src="${escape(picture(data))}" alt="" width="48" height="48" style="display: block; width: 48px; height: 48px; border-radius: 24px;"></td>
            <td valign="middle"><h1 style="margin: 0; font-size: 20px; line-height: 28px; color: #111827;">${escape(heading(data))}</h1></td>
          </tr>
          <tr>
            <td colspan="2" style="padding: 24px 0 8px;">
              <p style="margin: 0; font-size: 16px; line-height: 24px; color: #111827;">Hello ${escape(to.name)},</p>
              <p style="margin: 0; font-size: 16px; line-height: 24px; color: #6b7280;">you have ${count(data)} in ${escape(heading(data))}.</p>
            </td>
          </tr>${data.messages.map(renderMessage).join('')}
        </table>
        <p style="margin: 20px 0; font-size: 13px; line-height: 18px; color: #6b7280;">You get this email because you had not read these messages yet.</p>
      </td>
    </tr>
  </table>
</body>
</html>
`;
}

function renderText(to, data) {
  const messages = data.messages.map(({ sender, message }) => `${sender.name}:\n${message}\n`);
  return `Hello ${to.name},

you have ${count(data)} in ${heading(data)}.

${messages.join('\n')}
--
You get this email because you had not read these messages yet.
`;
}

module.exports = { renderHTML, renderText };
