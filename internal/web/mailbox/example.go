package mailbox

import "encoding/json"

// anyApp stands in the example where every appId is accepted.
const anyApp = "my-app"

// exampleApp returns the app's id as JSON, for the notification that an empty
// mailbox shows as an example.
func exampleApp(appID string) string {
	if appID == "" {
		appID = anyApp
	}
	encoded, err := json.Marshal(appID)
	if err != nil { // strings always marshal
		panic(err)
	}
	return string(encoded)
}
