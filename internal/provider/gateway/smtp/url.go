package smtp

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	portSubmission  = 587 // RFC 6409
	portSubmissions = 465 // RFC 8314
	mostConnections = 1000
)

// Parse reads a gateway's URL:
//
//	smtp://user:password@host:587    STARTTLS: required with a password, else when offered
//	smtps://user:password@host:465   TLS from the first byte
//
// Special characters in user and password are percent-encoded. Parameters:
//
//	tls=required|opportunistic|none  of smtp:// only; none and opportunistic may send a password in plain text
//	auth=scram|cram-md5|plain|login  the login mechanism; by default the safest that the server offers
//	auth=xoauth2                     the password is an OAuth 2.0 access token
//	pool=16                          connections at one time, 1 to 1000
//	max=100                          mails a connection
//	maxAge=5m                        how long a connection is used
//
// An error names what is wrong, and never repeats the password.
func Parse(rawURL string) (Config, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The cause would quote the part it stumbles over: often the password.
		return Config{}, errors.New("smtp url: cannot be read; special characters in user name and password are percent-encoded")
	}
	c, err := fromURL(u)
	if err != nil {
		return Config{}, fmt.Errorf("smtp url: %w", err)
	}
	return c, nil
}

func fromURL(u *url.URL) (Config, error) {
	c := Config{Host: u.Hostname()}
	switch u.Scheme {
	case "smtp":
		c.Port, c.Security = portSubmission, Opportunistic
	case "smtps":
		c.Port, c.Security = portSubmissions, Implicit
	default:
		return c, errors.New("must begin with smtp:// or smtps://")
	}
	// A password with a raw "/", "?" or "#" ends up behind these.
	if u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" || strings.Contains(u.RawQuery, "@") {
		return c, errors.New("must have the form smtp://user:password@host:port?parameters; special characters in user name and password are percent-encoded")
	}
	if c.Host == "" {
		return c, errors.New("names no host")
	}
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return c, fmt.Errorf("port %q is not between 1 and 65535", p)
		}
		c.Port = int(port)
	}
	if err := c.setLogin(u.User); err != nil {
		return c, err
	}
	return c, c.setParameters(u.RawQuery)
}

func (c *Config) setLogin(user *url.Userinfo) error {
	if user == nil {
		return nil
	}
	c.Username = user.Username()
	c.Password, _ = user.Password()
	switch {
	case c.Username == "" || c.Password == "":
		return errors.New("user name and password go together")
	case strings.ContainsRune(c.Username+c.Password, 0):
		return errors.New("user name and password cannot contain NUL")
	}
	if c.Security == Opportunistic {
		c.Security = Required
	}
	return nil
}

func (c *Config) setParameters(rawQuery string) error {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return errors.New("parameters cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 {
			return fmt.Errorf("parameter %s is given more than once", name)
		}
		if err := c.setParameter(name, query.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) setParameter(name, value string) (err error) {
	switch name {
	case "tls":
		return c.setSecurity(value)
	case "auth":
		return c.setAuth(value)
	case "pool":
		c.Pool, err = count(name, value, mostConnections)
	case "max":
		c.MaxMails, err = count(name, value, 1<<30)
	case "maxAge":
		c.MaxAge, err = time.ParseDuration(value)
		if err != nil || c.MaxAge <= 0 {
			return fmt.Errorf("maxAge=%s is not a duration such as 5m", value)
		}
	default:
		return fmt.Errorf("unknown parameter %q; known are tls, auth, pool, max and maxAge", name)
	}
	return err
}

func (c *Config) setSecurity(value string) error {
	if c.Security == Implicit {
		return errors.New("parameter tls does not go with smtps://, which is TLS from the first byte")
	}
	for _, s := range []Security{Required, Opportunistic, None} {
		if value == s.String() {
			c.Security = s
			return nil
		}
	}
	return fmt.Errorf("tls=%s is not one of required, opportunistic and none", value)
}

func (c *Config) setAuth(value string) error {
	if c.Username == "" {
		return errors.New("parameter auth needs user name and password")
	}
	if !slices.Contains(parameters(), value) {
		return fmt.Errorf("auth=%s is not one of %s", value, strings.Join(parameters(), ", "))
	}
	c.Auth = value
	return nil
}

func count(name, value string, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%s=%s is not a number between 1 and %d", name, value, most)
	}
	return n, nil
}
