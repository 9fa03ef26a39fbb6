package conformance

import "context"

// sample makes the check of a notification that has to be accepted.
func sample(name string, s Sample) func(context.Context, *run) verdict {
	return func(ctx context.Context, r *run) verdict { return inTime(r.post(ctx, &s, name)) }
}

// checks lists all lines, in the order in which they are asked: what may end a
// provider comes last, and then whether it has.
func checks() []check {
	return []check{
		{
			"https", "The URL is https, with a certificate that is trusted",
			"Chats call https only, for names, addresses and what people write are in every call.",
			"Put a proxy that ends TLS in front, with a certificate of a public authority, and enter its https:// address.",
			nothing, lookHTTPS,
		},
		{
			"one-on-one", "A notification of a one-on-one chat is answered 200 within 2 s",
			"What is not answered 200 within two seconds counts as not delivered, and is called again or given up.",
			"Answer 200 as soon as the notification is stored, do all else afterwards, and check the credentials and the app id that you gave this command.",
			nothing, func(_ context.Context, r *run) verdict { return inTime(r.first) },
		},
		{
			"group", "A notification of a group is answered 200 within 2 s",
			"Groups have groupDetails in place of senderDetails; refused, their members are never mailed.",
			"Take either of data.senderDetails and data.groupDetails.",
			reached, sample("group", Sample{Group: true}),
		},
		{
			"message-object", "Message objects are accepted",
			"Where the app includes them, every call has them.",
			"Let data.messages[].messageObject be any JSON object.",
			reached, sample("object", Sample{Objects: true}),
		},
		{
			"no-address", "A notification without address and pictures is accepted",
			"Calls come without data.to.email unless the app asks for stored addresses only, and without pictures of those who have none.",
			"Find the address by data.to.uid, after you have answered.",
			reached, sample("address", Sample{Bare: true}),
		},
		{
			"unknown-fields", "Unknown fields are tolerated",
			"The payload may get new fields any day; who refuses them stops mailing that day.",
			"Ignore the fields that you do not know.",
			reached, lookUnknownFields,
		},
		{
			"long", "100 long messages with their objects are accepted",
			"Who was away for a day in a lively group gets a payload of several hundred kilobytes, and loses all of it when it is refused.",
			"Raise the limit of the body to some megabytes; express.json() has 100 kB unless it is told otherwise.",
			reached, sample("long", Sample{Group: true, Objects: true, Long: true}),
		},
		{
			"twice", "The same notification twice is answered 200 both times",
			"A call whose answer got lost is made again, under the same webhook-id; refused, it is made again and again.",
			"Recognise what you have by its webhook-id, answer 200, and mail it once.",
			reached, lookTwice,
		},
		{
			"no-credentials", "A call without credentials is refused (401 or 403)",
			"Whoever learns the URL can have mails sent to anybody, in your name and with any text.",
			"Ask for Basic Auth or a signature, and enter the same at the app's provider.",
			accepted, lookNoCredentials,
		},
		{
			"wrong-password", "A wrong user name or password is refused (401 or 403)",
			"Without the comparison Basic Auth protects nothing: any word passes, and mails can be sent in your name.",
			"Decode the header Authorization and compare user name and password with yours, in constant time.",
			accepted, lookWrongPassword,
		},
		{
			"empty-basic", "“Basic ” with nothing behind it is refused (401 or 403)",
			"A check that looks at the beginning of the header only lets everybody pass.",
			"Refuse a header that holds no user name and password, and compare both where it does.",
			accepted, lookEmptyBasic,
		},
		{
			"wrong-signature", "A signature by another secret, or of another body, is refused (401 or 403)",
			"A signature that is not verified proves nothing, neither who calls nor what was said.",
			"Verify webhook-signature over the bytes of the body as they came, as Standard Webhooks describes it.",
			accepted, lookWrongSignature,
		},
		{
			"old-signature", "A signature that is ten minutes old is refused (401 or 403)",
			"Whoever has once seen a call can repeat it forever.",
			"Refuse a webhook-timestamp that is more than five minutes away from your clock.",
			accepted, lookOldSignature,
		},
		{
			"wrong-trigger", "Another trigger is answered 400",
			"What is meant for SMS or for chat events would go out as a mail.",
			"Answer 400 unless trigger is email-notification-payload-generated.",
			accepted, lookWrongTrigger,
		},
		{
			"wrong-webhook", "Another kind of webhook is answered 400",
			"What is meant for another provider would go out as a mail of yours.",
			"Answer 400 unless webhook is custom.",
			accepted, lookWrongWebhook,
		},
		{
			"malformed", "A body that is no JSON object is refused (4xx)",
			"Answered 200 it is lost, answered 500 it is called again for hours.",
			"Answer 400 when the body cannot be parsed, or is not an object.",
			accepted, lookMalformed,
		},
		{
			"credentials-first", "Credentials are checked before the body is parsed (401 or 403)",
			"Your parser is open to whoever learns the URL, and the log blames the body where the password is wrong.",
			"Check the credentials in a step before the one that parses; in Express, above express.json().",
			accepted, lookCredentialsFirst,
		},
		{
			"oversized", "A body of 20 MB is refused (4xx)",
			"Without a limit anybody with the password can fill your memory and stop all mail.",
			"Limit the body to some megabytes, and answer 413 beyond that.",
			accepted, lookOversized,
		},
		{
			"burst", "100 calls at once are answered 200 within 2 s",
			"One message in a group of a hundred is a hundred calls, all at the same moment.",
			"Store what comes and answer, and leave mailing to a queue with few connections.",
			accepted, lookBurst,
		},
		{
			"incomplete", "A notification without recipient or messages is refused (4xx)",
			"Answered 200 nobody ever learns that it was lost, and code that reads what is not there may end the process.",
			"Answer 400 unless data.to.uid is there and data.messages holds a message.",
			accepted, lookIncomplete,
		},
		{
			"alive", "After all this a notification is still answered 200 within 2 s",
			"One bad call is enough to stop the mails of everybody.",
			"Find in the log what ended or blocked the process, catch it, and have the process started again when it ends.",
			accepted, sample("alive", Sample{}),
		},
	}
}
