# Prints a page of a server whose certificate is not known.
import ssl, sys, urllib.request, time
for _ in range(60):
    try:
        print(urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context(), timeout=5).read().decode(), end="")
        break
    except OSError:
        time.sleep(0.5)
else:
    sys.exit(1)
