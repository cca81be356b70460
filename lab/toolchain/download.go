package toolchain

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"
)

// downloadSite is where the pulumi command gets provider plugins from.
const downloadSite = "https://get.pulumi.com/releases/plugins/"

// probeLimit bounds the one question that tells whether the download site can be reached.
const probeLimit = 5 * time.Second

// DownloadSiteAnswers says whether the pulumi command could download a plugin by itself, without downloading one.
func DownloadSiteAnswers(ctx context.Context) bool {
	return offers(ctx, downloadSite, Plugins[0])
}

func offers(ctx context.Context, site string, p Plugin) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	url := fmt.Sprintf("%spulumi-resource-%s-v%s-%s-%s.tar.gz", site, p.Name, p.Version, runtime.GOOS, runtime.GOARCH)
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
