package engine

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// removeTree deletes dir, unless something is mounted below: deleting through a mount would delete somebody else's files.
func removeTree(dir string) error {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer func() { _ = mounts.Close() }()
	if err := refuseMounts(mounts, dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func refuseMounts(mountinfo io.Reader, dir string) error {
	lines := bufio.NewScanner(mountinfo)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 4 && (fields[4] == dir || strings.HasPrefix(fields[4], dir+"/")) {
			return fmt.Errorf("%s is still mounted: unmount it (umount -l %s) and repeat", fields[4], fields[4])
		}
	}
	return lines.Err()
}
