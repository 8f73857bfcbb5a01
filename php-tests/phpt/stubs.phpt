--TEST--
docs/ide/wp_codebox.stub.php is what bin/stubs writes, and is PHP
--FILE--
<?php
$root = dirname( __DIR__, 2 );
ob_start();
require "$root/bin/lib/stubs.php";
$now  = ob_get_clean();
$file = "$root/docs/ide/wp_codebox.stub.php";
if ( file_get_contents( $file ) !== $now ) {
	echo "docs/ide/wp_codebox.stub.php is out of date; run bin/stubs\n";
}
// The parser accepts it; that the class exists already is the next thing it says.
exec( escapeshellarg( PHP_BINARY ) . ' -n -l ' . escapeshellarg( $file ), $lines, $status );
var_dump( $status );
?>
--EXPECT--
int(0)
