package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/postrider/postrider/internal/conformance"
)

type sendCommand struct {
	targetFlags
	OneOnOne      bool   `name:"one-on-one" xor:"kind" help:"From a one-on-one conversation, as it is unless you say otherwise."`
	Group         bool   `xor:"kind" help:"From a group."`
	To            string `xor:"address" placeholder:"ADDRESS" help:"Address of the recipient; andrew@postrider-check.invalid unless set."`
	NoAddress     bool   `xor:"address" help:"Without an address: the provider has to find it by the user id."`
	UID           string `name:"uid" placeholder:"UID" help:"User id of the recipient; a new one unless set."`
	MessageObject bool   `help:"With the message objects."`
}

// Run implements the command send.
func (c *sendCommand) Run(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	sample := conformance.Sample{UID: c.UID, Email: c.To, Group: c.Group, Objects: c.MessageObject}
	if c.To == "" && !c.NoAddress {
		sample.Email = "andrew@" + conformance.Domain
	}
	payload, answer := client.Send(ctx, &sample)
	if c.JSON {
		err = printSent(payload, &answer)
	} else {
		printAnswer(&answer)
	}
	if err == nil && answer.Status != http.StatusOK {
		err = errors.New("the notification was not answered 200")
	}
	return err
}

func printSent(payload []byte, answer *conformance.Answer) error {
	sent := struct {
		Payload json.RawMessage `json:"payload"`
		Status  int             `json:"status"`
		Header  http.Header     `json:"header,omitempty"`
		Body    string          `json:"body"`
		Took    int64           `json:"tookMs"`
		Error   string          `json:"error,omitempty"`
	}{Payload: payload, Status: answer.Status, Header: answer.Header, Body: answer.Body, Took: answer.Took.Milliseconds()}
	if answer.Err != nil {
		sent.Error = answer.Err.Error()
	}
	return printJSON(sent)
}

func printAnswer(a *conformance.Answer) {
	fmt.Println(printable(a.String()))
	if a.Body != "" {
		fmt.Println(printable(a.Body))
	}
	if a.Status == http.StatusOK && !a.InTime() {
		fmt.Printf("\nChats wait for %v: to them this was no answer.\n", conformance.Deadline)
	}
}
