// Command pulumi-language-go runs Go programs for the pulumi command: it compiles the program's folder and starts it with
// the variables that the Go SDK reads. It does what this project needs of the official language host, and no more:
// programs, not plugins or code generation.
package main

import (
	"fmt"
	"net"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go:", err)
		os.Exit(1)
	}
}

// serve answers on a free loopback port, which it prints as the first line for the pulumi command to read.
func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h := &host{}
	if len(os.Args) > 1 {
		h.engine = os.Args[len(os.Args)-1]
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage))
	pulumirpc.RegisterLanguageRuntimeServer(server, h)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// maxMessage is the size that the pulumi command itself allows for a message.
const maxMessage = 400 << 20
