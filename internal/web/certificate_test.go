package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/web"
)

// certFiles are the two files of a certificate. Each write gets a time of its
// own, as writes in real life do.
type certFiles struct {
	cert, key string
	writes    int
}

func (f *certFiles) write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f.writes++
	at := time.Unix(1_900_000_000+int64(f.writes), 0)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// certificate makes a certificate that signs itself.
func certificate(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "postrider"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

func TestCertificateIsReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := &certFiles{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	renew := func(serial int64) {
		cert, key := certificate(t, serial)
		files.write(t, files.cert, cert)
		files.write(t, files.key, key)
	}
	renew(1)

	var now atomic.Int64 // seconds
	log := new(logbook)
	server, err := web.Listen(t.Context(), web.ServerConfig{
		Address: "127.0.0.1:0", CertFile: files.cert, KeyFile: files.key,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }),
		Clock:   func() time.Time { return time.Unix(now.Load(), 0) },
		Logger:  slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	served := serve(server)
	expect := func(what string, serial int64, errorLines int) {
		t.Helper()
		if got := servedSerial(t, server); got != serial {
			t.Errorf("%s: certificate %d is served, want %d", what, got, serial)
		}
		if got := log.count("level=ERROR"); got != errorLines {
			t.Errorf("%s: %d errors were logged, want %d: %v", what, got, errorLines, log.lines)
		}
	}

	expect("at the start", 1, 0)
	renew(2)
	expect("renewed, within the same second", 1, 0)
	now.Add(1)
	expect("renewed, a second later", 2, 0)
	if log.count("renewed") != 1 {
		t.Errorf("the renewal is not in the log: %v", log.lines)
	}

	files.write(t, files.cert, []byte("half a cert"))
	for range 3 {
		now.Add(1)
		expect("broken", 2, 1)
	}
	cert, _ := certificate(t, 3)
	files.write(t, files.cert, cert)
	for range 3 {
		now.Add(1)
		expect("without its key", 2, 2)
	}
	renew(4)
	now.Add(1)
	expect("mended", 4, 2)

	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		now.Add(1)
		expect("gone", 4, 3)
	}

	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// servedSerial asks over HTTPS, and returns the serial number of the
// certificate that answered.
func servedSerial(t *testing.T, server *web.Server) int64 {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // it signs itself
	}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+server.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "HTTP/2.0" {
		t.Errorf("%q, %v", body, err)
	}
	return response.TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := certificate(t, 1)
	good, other := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, strangeKey := certificate(t, 2)
	strange, missing := filepath.Join(dir, "strange.pem"), filepath.Join(dir, "missing.pem")
	for path, content := range map[string][]byte{good: cert, other: key, strange: strangeKey} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ cert, key, says string }{
		{good, strange, "does not match"},
		{missing, other, missing},
		{good, missing, missing},
		{good, "", "one is missing"},
		{"", other, "one is missing"},
		{other, good, "PEM"},
	} {
		server, err := web.Listen(t.Context(), web.ServerConfig{
			Address: "127.0.0.1:0", CertFile: test.cert, KeyFile: test.key, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			err = errors.Join(errors.New("it listens"), server.Shutdown(t.Context()))
		}
		if !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "load TLS certificate: ") {
			t.Errorf("%s and %s: %v, want … %s …", filepath.Base(test.cert), filepath.Base(test.key), err, test.says)
		}
	}
}

// What net/http has to say goes to our log.
func TestServerLogs(t *testing.T) {
	t.Parallel()
	log := new(logbook)
	server, err := web.Listen(t.Context(), web.ServerConfig{
		Address: "127.0.0.1:0", Clock: time.Now, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	served := serve(server)
	if err := <-request(t, server); err == nil {
		t.Error("a panic was answered")
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if log.count("out of paper") != 1 || log.count("level=WARN") != 1 {
		t.Errorf("the log is %v", log.lines)
	}
}
