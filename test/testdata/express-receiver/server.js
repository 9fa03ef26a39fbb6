// A custom provider that does what the sample in the providers' documentation
// does, check for check and in its order, with its two gaps filled in: where
// addresses come from, and how a mail is sent. Its weaknesses are the point:
// the tests say which of them `postrider check` finds.
'use strict';

const express = require('express');

const app = express();

// The parser as it comes: bodies of up to 100 kB.
app.use(express.json());

// Looks at the scheme, and at nothing behind it.
function requireBasic(req, res, next) {
  const header = req.headers.authorization;
  if (!header || !header.startsWith('Basic ')) {
    res.status(401).json({ message: 'Unauthorized' });
    return;
  }
  next();
}

async function lookUpEmail(uid) {
  return `${uid}@postrider-check.invalid`;
}

async function mail(address, subject, messages) {
  return { address, subject, count: messages.length };
}

async function notify(to, data) {
  let { uid, email } = to;
  const { subject, messages } = data;
  if (email == null) {
    email = await lookUpEmail(uid);
  }
  return mail(email, subject, messages);
}

app.post('/webhook', requireBasic, (req, res) => {
  const { trigger, data, appId, webhook } = req.body || {};
  const { to } = data || {};
  if (trigger !== 'email-notification-payload-generated' || webhook !== 'custom') {
    res.status(400).json({ message: 'Invalid trigger or webhook type' });
    return;
  }
  // Answered at once; what becomes of the mail is only told to the log.
  notify(to, data)
    .then((result) => console.log('mailed', appId, to.uid, result.count))
    .catch((error) => console.error('not mailed', appId, to.uid, error.message));
  res.status(200).json({ message: 'Webhook received successfully' });
});

const server = app.listen(Number(process.env.PORT || 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
