package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/conformance"
	"github.com/postrider/postrider/notification"
)

// targetFlags name a custom provider, anybody's. Whatever is secret has a way
// in that other users of the machine do not see in the list of processes.
type targetFlags struct {
	URL          string `arg:"" help:"Address of the custom provider's webhook."`
	Username     string `env:"POSTRIDER_USERNAME" placeholder:"NAME" help:"User name for Basic Auth; without a user name and a password there is none."`
	Password     string `env:"POSTRIDER_PASSWORD" placeholder:"PASSWORD" help:"Its password. Others on this machine can see a flag; better set the variable, or take --password-file."`
	PasswordFile string `xor:"password" placeholder:"FILE" help:"Read the password from this file; - is standard input."`
	Secret       string `env:"POSTRIDER_SECRET" placeholder:"SECRET" help:"Sign the calls with this secret (whsec_…). Others on this machine can see a flag; better set the variable, or take --secret-file."`
	SecretFile   string `xor:"secret" placeholder:"FILE" help:"Read the secret from this file; - is standard input."`
	AppID        string `env:"POSTRIDER_APP_ID" default:"postrider-check" placeholder:"ID" help:"appId of the notifications; postrider-check unless set."`
	JSON         bool   `name:"json" help:"Print JSON."`
}

// maxSecretFile is the largest file that may hold a secret, in bytes.
const maxSecretFile = 64 << 10

func (f *targetFlags) client() (*conformance.Client, error) {
	if f.PasswordFile == "-" && f.SecretFile == "-" {
		return nil, errors.New("--password-file and --secret-file: only one of them can be read from standard input")
	}
	password, err := secretFrom("--password-file", f.PasswordFile, f.Password)
	if err != nil {
		return nil, err
	}
	secret, err := secretFrom("--secret-file", f.SecretFile, f.Secret)
	if err != nil {
		return nil, err
	}
	secrets, err := notification.ParseSecrets(secret)
	if err != nil {
		return nil, fmt.Errorf("--secret or its file: %w", err)
	}
	return conformance.New(conformance.Config{
		Target:  conformance.Target{URL: f.URL, Username: f.Username, Password: password, Secrets: secrets, AppID: f.AppID},
		Version: buildFacts().Version, Clock: time.Now,
	})
}

// secretFrom reads what a flag's file holds, without the line break at its
// end; without a file it is what was given otherwise.
func secretFrom(flag, name, given string) (secret string, err error) {
	if name == "" {
		return given, nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", flag, err)
		}
	}()
	file := os.Stdin
	if name != "-" {
		if file, err = os.Open(name); err != nil { //nolint:gosec // whoever runs the command names the file
			return "", err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	held, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	secret = strings.TrimSuffix(strings.TrimSuffix(string(held), "\n"), "\r")
	switch {
	case err != nil:
		return "", fmt.Errorf("read: %w", err)
	case len(held) > maxSecretFile:
		return "", fmt.Errorf("it holds more than %d bytes", maxSecretFile)
	case secret == "":
		return "", errors.New("it is empty")
	}
	return secret, nil
}
