<?php
/**
 * Runs WP-CLI with the arguments of the step, in place of a shell.
 */

require_once __DIR__ . '/steps.php';

WP_Codebox\Sandbox\define_streams();

$wp_codebox_step = (array) json_decode( (string) file_get_contents( '/request/step' ), true );
$GLOBALS['argv'] = array_merge( array( 'wp', '--path=/wordpress', '--no-color' ), $wp_codebox_step['args'] ?? array() );
$GLOBALS['argc'] = count( $GLOBALS['argv'] );
$_SERVER['argv'] = $GLOBALS['argv'];
$_SERVER['argc'] = $GLOBALS['argc'];
WP_Codebox\Sandbox\set_environment( $wp_codebox_step['environment'] ?? array() );
unset( $wp_codebox_step );

// Not the archive itself: its stub begins with a line for the shell.
Phar::loadPhar( '/internal/wp-cli.phar', 'wp-cli.phar' );
require 'phar://wp-cli.phar/php/boot-phar.php';
