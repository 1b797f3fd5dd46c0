// order.go EXECUTOR ID [INPUT]: orders an operation, answers its wait for the signal "approved" if it has one, and waits for the end.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

type answer struct {
	Answer, Outcome string
	Error           *struct{ Code, Message, Field string }
}

// One word of a subject for any text.
func token(text string) string {
	out := ""
	for _, b := range []byte(text) {
		if strings.IndexByte("-_", b) >= 0 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' {
			out += string(rune(b))
		} else {
			out += fmt.Sprintf("=%02X", b)
		}
	}
	if out == "" {
		return "="
	}
	return out
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// Publishes to a stream, and returns when it is stored.
func stored(nc *nats.Conn, subject string, message interface{}) {
	body, err := json.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	reply, err := nc.Request(subject, body, 10*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	var ack struct{ Error *struct{ Description string } }
	if err := json.Unmarshal(reply.Data, &ack); err != nil || ack.Error != nil {
		log.Fatalf("not stored: %s", reply.Data)
	}
}

func main() {
	executor, operation, input := os.Args[1], os.Args[2], json.RawMessage("null")
	if len(os.Args) > 3 {
		input = json.RawMessage(os.Args[3])
	}
	ns := env("TROUPE_NS", "troupe")
	options := []nats.Option{nats.CustomInboxPrefix(env("TROUPE_INBOX_PREFIX", "_INBOX"))}
	if user := os.Getenv("TROUPE_USER"); user != "" {
		options = append(options, nats.UserInfo(user, os.Getenv("TROUPE_PASSWORD")))
	}
	nc, err := nats.Connect(env("TROUPE_SERVERS", nats.DefaultURL), options...)
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()

	inbox := nc.NewRespInbox()
	answers, err := nc.SubscribeSync(inbox)
	if err != nil {
		log.Fatal(err)
	}
	command := map[string]interface{}{
		"v": 1, "id": operation, "executor": executor, "input": input,
		"createdAt": time.Now().UTC().Format(time.RFC3339), "replyTo": inbox,
	}
	stored(nc, ns+".command."+token(executor), command)
	for {
		message, err := answers.NextMsg(30 * time.Second)
		if err == nats.ErrTimeout { // lost, perhaps: the same command again is the same operation
			stored(nc, ns+".command."+token(executor), command)
			continue
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(message.Data))
		var heard answer
		if err := json.Unmarshal(message.Data, &heard); err != nil {
			log.Fatal(err)
		}
		switch {
		case heard.Answer == "accepted" && os.Getenv("APPROVE") != "": // needs the rights of an operator
			signal := map[string]interface{}{"name": "approved", "data": os.Getenv("APPROVE")}
			mail := map[string]interface{}{"v": 1, "id": "verb." + nats.NewInbox(), "type": "verb.signal", "body": signal}
			stored(nc, ns+".mail.operation."+token(operation)+".verb", mail)
		case heard.Answer == "rejected":
			os.Exit(3)
		case heard.Outcome == "succeeded":
			return
		case heard.Outcome != "":
			os.Exit(1)
		}
	}
}
