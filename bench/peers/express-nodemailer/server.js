'use strict';

// A receiver for chat email webhooks the way people write it today: Express,
// a pooled nodemailer, an answer at once and the mail afterwards. It keeps
// nothing: what was accepted and not yet sent is lost with the process.
//
//   PORT, WEBHOOK_USERNAME, WEBHOOK_PASSWORD, SMTP_HOST, SMTP_PORT,
//   MAIL_CONNECTIONS, MAIL_FROM

const crypto = require('node:crypto');
const express = require('express');
const nodemailer = require('nodemailer');
const { renderHTML, renderText } = require('./mail');

const {
  PORT = '3000',
  WEBHOOK_USERNAME = 'user',
  WEBHOOK_PASSWORD = 'password',
  SMTP_HOST = '127.0.0.1',
  SMTP_PORT = '25',
  MAIL_CONNECTIONS = '16',
  MAIL_FROM = 'Chat <chat@example.org>',
} = process.env;

const transport = nodemailer.createTransport({
  host: SMTP_HOST,
  port: Number(SMTP_PORT),
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: Number(MAIL_CONNECTIONS),
  maxMessages: Infinity,
});

const expected = Buffer.from(
  'Basic ' + Buffer.from(`${WEBHOOK_USERNAME}:${WEBHOOK_PASSWORD}`).toString('base64'),
);

function basicAuth(req, res, next) {
  const given = Buffer.from(req.headers.authorization || '');
  if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) {
    res.set('WWW-Authenticate', 'Basic realm="webhook"');
    return res.status(401).json({ message: 'Unauthorized' });
  }
  next();
}

async function sendDigest(to, data) {
  if (!to.email) {
    throw new Error('no email address');
  }
  await transport.sendMail({
    from: MAIL_FROM,
    to: { name: to.name, address: to.email },
    subject: data.subject,
    text: renderText(to, data),
    html: renderHTML(to, data),
  });
}

const app = express();
app.disable('x-powered-by');
app.set('etag', false);

app.get('/healthz', (req, res) => res.json({ message: 'ok' }));

app.post('/webhook', basicAuth, express.json({ limit: '1mb' }), (req, res) => {
  const { trigger, webhook, data } = req.body || {};
  if (trigger !== 'email-notification-payload-generated' || webhook !== 'custom') {
    return res.status(400).json({ message: 'Invalid trigger or webhook type' });
  }
  if (!data || !data.to || !Array.isArray(data.messages)) {
    return res.status(400).json({ message: 'data.to and data.messages are required' });
  }
  sendDigest(data.to, data).catch((err) => {
    console.error('could not send to', data.to.uid, err.message);
  });
  res.status(200).json({ message: 'Webhook received successfully' });
});

const server = app.listen(Number(PORT), '127.0.0.1');

process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  transport.close();
  process.exit(0);
});
