<?php
/**
 * Answers a browser's request to the sandbox's own site: does what a web server would, then runs the
 * script that it would run, in the global scope.
 */

require_once __DIR__ . '/steps.php';
require_once __DIR__ . '/site.php';

$wp_codebox_script = WP_Codebox\Sandbox\Site::script();
if ( null !== $wp_codebox_script ) {
	require $wp_codebox_script;
}
